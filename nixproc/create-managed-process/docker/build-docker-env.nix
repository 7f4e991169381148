# The place of this file in older checkouts.

import ../../backends/docker/build-docker-env.nix
