# The place of this file in older checkouts.

import ../../backends/sysvinit/create-sysvinit-script.nix
