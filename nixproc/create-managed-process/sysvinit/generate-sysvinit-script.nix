# The place of this file in older checkouts.

import ../../backends/sysvinit/generate-sysvinit-script.nix
