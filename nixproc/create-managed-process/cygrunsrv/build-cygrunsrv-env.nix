# The place of this file in older checkouts.

import ../../backends/cygrunsrv/build-cygrunsrv-env.nix
