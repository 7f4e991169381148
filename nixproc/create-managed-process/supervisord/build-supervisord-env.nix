# The place of this file in older checkouts.

import ../../backends/supervisord/build-supervisord-env.nix
