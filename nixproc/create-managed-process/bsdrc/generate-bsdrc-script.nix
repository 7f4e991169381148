# The place of this file in older checkouts.

import ../../backends/bsdrc/generate-bsdrc-script.nix
