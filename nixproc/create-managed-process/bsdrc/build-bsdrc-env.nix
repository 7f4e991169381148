# The place of this file in older checkouts.

import ../../backends/bsdrc/build-bsdrc-env.nix
