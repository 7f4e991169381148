# The place of this file in older checkouts.

import ../../backends/sysvinit/init-functions.nix
