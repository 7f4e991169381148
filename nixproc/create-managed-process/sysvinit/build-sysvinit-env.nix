# The place of this file in older checkouts.

import ../../backends/sysvinit/build-sysvinit-env.nix
