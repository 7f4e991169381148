package tests

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// No value of environment is in what is printed, in a log that we write or in the
// journal, whether a switch succeeds, fails or is only planned; names may be.
func TestNoValueIsPrinted(t *testing.T) {
	t.Parallel()
	const marker = "np-seen-5e3f"
	for _, c := range managerCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := c.start(t)
			model := func(name, program, parameters string) string {
				// The value itself is not in the file.
				return i.write(name, fmt.Sprintf(`{ pkgs, stateDir, runtimeDir, logDir, tmpDir, forceDisableUserChange, processManager }:
let create = import %s { inherit pkgs stateDir runtimeDir logDir tmpDir forceDisableUserChange processManager; };
in rec {
  npfirst.pkg = create {
    name = "npfirst"; instanceName = "npfirst";
    foregroundProcess = "${pkgs.coreutils}/bin/sleep"; args = [ 300 ];
    environment.NPNAME = "np-seen-" + "5e3f";
    overrides.sysvinit.runlevels = [ 3 ];
    overrides.docker.container.dockerStopTimeout = 0;
  };
  npsecond.pkg = create {
    name = "npsecond"; instanceName = "npsecond"; dependencies = [ npfirst.pkg ];
    foregroundProcess = "${pkgs.coreutils}/bin/%s"; args = [ 300 ];
    environment.NPNAME = "np-seen-" + "5e3f";
    overrides.sysvinit.runlevels = [ 3 ];
    overrides.docker.container = { dockerStopTimeout = 0; dockerCreateParameters = { env = "NPNAME=np-seen-" + "5e3f"; %s }; };
  };
}
`, absolute(t, "../nixproc/create-managed-process/universal/create-managed-process-universal.nix"), program, parameters))
			}
			said := map[string]outcome{}
			run := func(what string, code int, args ...string) {
				said[what] = i.switchTo(c, args...)
				if said[what].code != code {
					t.Errorf("%s: exit code %d, want %d\n%s", what, said[what].code, code, said[what].stderr)
				}
			}
			failing := model("failing.nix", "false", `cpus = "none";`)
			run("plan", 0, "--dry-run", "--json", failing)
			run("failing switch", 2, "--no-rollback", failing)
			said["journal"] = outcome{stdout: i.contents("profiles", "*")}
			run("switch", 0, "--json", model("model.nix", "sleep", ""))
			said["status"] = i.nixproc("status", "--json")
			said["logs"] = outcome{stdout: i.contents("state", "*.log")}
			run("undeploy", 0, "--undeploy")
			for what, r := range said {
				if strings.Contains(r.stdout+r.stderr, marker) {
					t.Errorf("%s has the value of a variable in it:\n%s%s", what, r.stdout, r.stderr)
				}
			}
			if failed := said["failing switch"].stderr; c.ownAccounts && !strings.Contains(failed, "--env 'NPNAME=***'") {
				t.Errorf("the failing switch does not tell the name of the variable:\n%s", failed)
			}
			if !strings.Contains(said["journal"].stdout, `"npsecond"`) {
				t.Errorf("no journal was found:\n%s", said["journal"].stdout)
			}
		})
	}
}

// contents are those of all plain files below a directory whose names match.
func (d *deployment) contents(dir, pattern string) string {
	var all strings.Builder
	err := filepath.WalkDir(d.path(dir), func(path string, entry fs.DirEntry, err error) error {
		if match, _ := filepath.Match(pattern, entry.Name()); err == nil && match && entry.Type().IsRegular() {
			all.WriteString(read(d.t, path))
		}
		return err
	})
	if err != nil {
		d.t.Error(err)
	}
	return all.String()
}
