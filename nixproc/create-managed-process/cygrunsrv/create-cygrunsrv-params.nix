# The place of this file in older checkouts.

import ../../backends/cygrunsrv/create-cygrunsrv-params.nix
