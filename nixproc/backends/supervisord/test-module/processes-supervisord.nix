# The supervisord that a model is deployed to.
import ../../../test-driver/manager.nix "extendableSupervisord"
