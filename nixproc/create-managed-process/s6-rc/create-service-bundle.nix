# The place of this file in older checkouts.

import ../../backends/s6-rc/create-service-bundle.nix
