# The place of this file in older checkouts.

import ../../backends/launchd/generate-launchd-daemon.nix
