package tests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// notingNetwork is a network with a module for Dysnomia that notes what it is called
// for, and fails at what the file "fail" names.
func notingNetwork(t *testing.T) *network {
	t.Helper()
	n := newNetwork(t, "m1", "m2", "m3")
	copyTree(t, "../nixproc/hostpkgs", n.path("tree/nixproc/hostpkgs"))
	n.script("modules/note", `
step="$1 ${2##*-} on $(hostname)"
echo "$step: '$word' '$flag'"
echo "complaint of $step" >&2
case $1 in activate | deactivate) echo "$step" >>`+n.path("noted")+` ;; esac
! grep -qx "$step" `+n.path("fail")+`
`)
	if err := os.Symlink("note", n.path("modules/note2")); err != nil {
		t.Fatal(err)
	}
	n.write("fail", "")
	n.env = append(n.env, "DYSNOMIA_MODULES_PATH="+n.path("modules"))
	n.write("services.nix", `{ pkgs, system, distribution, invDistribution, version }:
let text = name: more: pkgs.writeTextFile { inherit name; destination = "/${name}"; text = version + more; }; in rec {
	a = { name = "a"; type = "note"; pkg = text "a" ""; };
	b = { name = "b"; type = "note"; pkg = { a }: text "b" a.target.properties.hostname; dependsOn = { inherit a; }; };
	d = { name = "d"; type = "note2"; pkg = text "d" ""; };
}`)
	n.write("two.nix", `{
		m1 = { properties.hostname = "m1"; numOfCores = 3; containers = { note = { word = "some word"; flag = true; }; note2.word = 5; }; };
		m2 = { properties.hostname = "m2"; containers.note = { word = [ "a" "b" ]; flag = false; }; };
	}`)
	n.write("all.nix", `{ infrastructure }: { a = [ infrastructure.m1 ]; b = [ infrastructure.m2 ]; d = [ infrastructure.m1 ]; }`)
	return n
}

// manifest builds one of the network.
func (n *network) manifest(version, infrastructure, distribution string) string {
	n.t.Helper()
	return strings.TrimSpace(n.must("env", "TMPDIR="+n.dir, filepath.Join(n.disnix, "disnix-manifest"), "--no-out-link", "-s", n.path("services.nix"), "-i", n.path(infrastructure),
		"-d", n.path(distribution), "--extra-params", `{ version = "`+version+`"; }`).stdout)
}

// What Disnix 0.10.3 was seen to do and to say on a network, so that the stand-in can't do
// otherwise: what goes on, and what is taken back, where a machine or a service fails.
func TestNetworkStandIn(t *testing.T) {
	t.Parallel()
	n := notingNetwork(t)
	n.write("other.nix", `{ m1.properties.hostname = "m1"; m3.properties.hostname = "m3"; }`)
	n.write("less.nix", `{ infrastructure }: { a = [ infrastructure.m1 ]; }`)
	one, two, gone := n.manifest("1", "two.nix", "all.nix"), n.manifest("2", "two.nix", "all.nix"), n.manifest("1", "other.nix", "less.nix")
	const (
		start        = "activate a on m1\nactivate d on m1\nactivate b on m2\n"
		stop         = "deactivate b on m2\ndeactivate d on m1\ndeactivate a on m1\n"
		failed       = "The deployment failed! Please inspect the output to diagnose any problems!\n"
		inconsistent = "[coordinator]: ERROR: Transition phase execution failed!\n\nThe obsolete mappings rollback failed! This means the system is now\ninconsistent!"
		activated    = "[coordinator]: The new configuration has been successfully activated!\n"
	)
	for _, c := range []struct {
		what, manifest string
		cut            string // activity at which m2 is cut off
		fail           string // step of the module
		code           int
		stdout, stderr []string
		noted          string
		current        string // the coordinator's manifest after it
		locked         string // machines
	}{
		{"the first deployment", one, "", "", 0,
			[]string{
				"[target: m2]: Receiving intra-dependency closure of profile: ", "[coordinator]: Acquiring locks...\n", "[target: m2]: Acquiring a lock on profile: ",
				"[coordinator]: Executing the transition to the new deployment state\n[coordinator]: Doing an installation from scratch\n",
				"in container: note, arguments: ", "activate a on m1: 'some word' '1'\n", "activate d on m1: '5' ''\n", "activate b on m2: 'a b' ''\n",
				"[coordinator]: Migrating data...\n", "[coordinator]: Setting profiles...\n", "[target: m2]: Setting Disnix profile: ",
				"[coordinator]: Releasing locks...\n", "[target: m2]: Releasing a lock on profile: ",
			},
			[]string{"complaint of activate a on m1\n", activated, "Notifying unlock on "}, start, one, ""},
		{"cut off before", two, "--print-invalid", "", 1, nil, []string{"[target: m2]: Cannot receive intra-dependency closure of profile: ", failed}, "", one, ""},
		{"cut off at the lock", two, "--lock", "", 1, []string{"[target: m1]: Releasing a lock on profile: "}, []string{"[target: m2]: Cannot lock profile: ", failed}, "", one, ""},
		{"cut off at a stop", two, "--deactivate", "", 1, nil,
			[]string{
				"[target: m2]: Deactivation failed of service: ", "[coordinator]: Deactivation failed! Doing a rollback...\n",
				"[coordinator]: ERROR: Transition phase execution failed!\nm2: no route", "[target: m2]: Cannot unlock profile: ", failed,
			},
			"deactivate d on m1\nactivate d on m1\n", one, "m2"},
		{"one that starts in neither version", two, "", "activate a on m1", 1, nil,
			[]string{"[target: m1]: Activation failed of service: ", "[coordinator]: Activation failed! Doing a rollback...\n", "[target: m1]: Activation failed of service: ", inconsistent, failed},
			stop + "activate a on m1\nactivate d on m1\ndeactivate d on m1\nactivate a on m1\nactivate d on m1\n", one, ""},
		{"cut off with all at work", two, "--set", "", 1, []string{"[coordinator]: Setting profiles...\n"},
			[]string{activated, "[target: m2]: Cannot set Disnix profile: ", "[target: m2]: Cannot unlock profile: ", failed}, stop + start, one, "m2"},
		{"that again", two, "", "", 0, []string{"Doing an upgrade from previous manifest file\n"}, []string{activated, "NOTE: Deleting state has been disabled!"}, stop + start, two, ""},
		{"cut off at the end", one, "--unlock", "", 1, nil, []string{activated, "[target: m2]: Cannot unlock profile: ", failed}, stop + start, one, "m2"},
		{"a machine is gone", gone, "", "", 0, []string{"[target: m2]: Skip service with key: ", " since machine is no longer present!\n"}, []string{activated}, "deactivate d on m1\n", gone, ""},
	} {
		n.write("noted", "")
		n.write("fail", c.fail+"\n")
		for _, machine := range n.machines {
			n.connect(machine)
			os.Remove(n.path("machines", machine, "tmp/disnix-default.lock"))
		}
		if c.cut != "" {
			n.cut("m2", c.cut)
		}
		says(t, c.what, n.program(filepath.Join(n.disnix, "disnix-deploy"), "--coordinator-profile-path", n.path("profiles/disnix-coordinator"), c.manifest), c.code, c.stdout, c.stderr)
		if noted := read(t, n.path("noted")); noted != c.noted {
			t.Errorf("%s: it did\n%s\nwant\n%s", c.what, noted, c.noted)
		}
		if current, err := filepath.EvalSymlinks(n.path("profiles/disnix-coordinator/default")); current != c.current {
			t.Errorf("%s: the coordinator's profile is %s, %v, want %s", c.what, current, err, c.current)
		}
		locked := slices.DeleteFunc(slices.Clone(n.machines), func(machine string) bool {
			_, err := os.Stat(n.path("machines", machine, "tmp/disnix-default.lock"))
			return err != nil
		})
		if strings.Join(locked, " ") != c.locked {
			t.Errorf("%s: %q are locked, want %q", c.what, locked, c.locked)
		}
	}
	// A machine without services has a profile all the same.
	if text := read(t, gone); !strings.Contains(text, `<profile name="m3">`) || strings.Contains(text, `"m2"`) || strings.Contains(text, ">m2<") {
		t.Errorf("the manifest without m2 is\n%s", text)
	}
}
