# The place of this file in older checkouts.

import ../../backends/bsdrc/create-bsdrc-script.nix
