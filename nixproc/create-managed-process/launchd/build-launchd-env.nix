# The place of this file in older checkouts.

import ../../backends/launchd/build-launchd-env.nix
