# The place of this file in older checkouts.

import ../../backends/supervisord/create-supervisord-program.nix
