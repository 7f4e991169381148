# The place of this file in older checkouts.

import ../../backends/s6-rc/generate-s6-rc-service.nix
