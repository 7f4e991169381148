# The place of this file in older checkouts.

import ../../backends/cygrunsrv/generate-cygrunsrv-params.nix
