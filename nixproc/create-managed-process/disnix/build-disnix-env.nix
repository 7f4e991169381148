# The place of this file in older checkouts.

import ../../backends/disnix/build-disnix-env.nix
