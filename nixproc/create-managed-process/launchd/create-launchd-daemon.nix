# The place of this file in older checkouts.

import ../../backends/launchd/create-launchd-daemon.nix
