# The place of this file in older checkouts.

import ../../backends/docker/create-docker-container.nix
