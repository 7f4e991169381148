# The s6-svscan that a model is deployed to.
import ../../../test-driver/manager.nix "s6-svscan"
