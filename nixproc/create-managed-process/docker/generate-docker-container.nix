# The place of this file in older checkouts.

import ../../backends/docker/generate-docker-container.nix
