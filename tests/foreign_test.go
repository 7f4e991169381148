package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// foreignModel has two packages that know nothing of this framework: plain
// derivations with the layout of sysvinit (COMPAT.md, 4), one of which depends
// on the other by its links alone, and a process of ours that depends on one.
// SALT changes how they are built, and not what is built; WORD what one of them
// writes.
func (d *deployment) foreignModel(salt, word string) string {
	text := `
let
  foreign = name: number: text: pkgs.stdenv.mkDerivation {
    inherit name;
    salt = "SALT";
    sequence = number;
    script = ''
      #!${pkgs.stdenv.shell}
      PID_FILE='${runtimeDir}/${name}.pid'
      case "$1" in
      start)
        echo "start ${name}" >>'${stateDir}/order'
        setsid sh -c 'echo $$ >"$1"; exec sleep 1000' sh "$PID_FILE" &
        until [ -s "$PID_FILE" ]; do sleep 0.02; done
        ${text}
        ;;
      stop)
        echo "stop ${name}" >>'${stateDir}/order'
        kill "$(cat "$PID_FILE")" && rm "$PID_FILE"
        ;;
      esac
    '';
    buildCommand = ''
      mkdir -p $out/etc/rc.d/init.d $out/share/doc/$name
      printf '%s' "$script" >$out/etc/rc.d/init.d/$name
      chmod +x $out/etc/rc.d/init.d/$name
      echo "a file beside it" >$out/share/doc/$name/README
      for level in 3 4 5; do
        mkdir $out/etc/rc.d/rc$level.d
        ln -s ../init.d/$name $out/etc/rc.d/rc$level.d/S0${toString number}$name
      done
      for level in 0 1 2 6; do
        mkdir $out/etc/rc.d/rc$level.d
        ln -s ../init.d/$name $out/etc/rc.d/rc$level.d/K9$((9 - ${toString number}))$name
      done
    '';
  };
in
rec {
  first = { pkg = foreign "first" 0 ""; port = 1; };
  second = { pkg = foreign "second" 1 "echo WORD"; };
  ours = sleeper "ours" {
    dependencies = [ second ];
    initialize = "echo 'start ours' >>'${stateDir}/order'";
  };
}`
	return d.model("model.nix", strings.NewReplacer("SALT", salt, "WORD", word).Replace(text))
}

// Packages without a specification are merged into the profile, take part in
// the order, and go on running as long as their files are the same, however
// they were built (DESIGN.md, "Why upgrading nixproc must restart nothing").
func TestPackagesOfOthers(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.hostNeeds("daemon")
	order := func() string {
		text := read(t, d.path("state/order"))
		if err := os.Remove(d.path("state/order")); err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(text, "\n", ", ")
	}
	d.mustSwitchTo("--host-packages", d.foreignModel("1", "hello"))
	before := d.observe()
	runs(t, before, "first", "second", "ours")
	if got := order(); got != "start first, start second, start ours, " {
		t.Errorf("the order is %s", got)
	}
	if got := read(t, d.path("profiles/processes/share/doc/first/README")); got != "a file beside it\n" {
		t.Errorf("the profile has %q", got)
	}
	for _, link := range []string{"rc3.d/S00first", "rc3.d/S01second", "rc0.d/K99first"} {
		if _, err := os.Stat(d.path("profiles/processes/etc/rc.d", link)); err != nil {
			t.Error(err)
		}
	}
	r := d.mustSwitchTo("--host-packages", d.foreignModel("2", "hello"))
	rebuilt := d.observe()
	if same(t, before, rebuilt, "first", "second", "ours") != 3 || !strings.Contains(r.stdout, "3 kept") {
		t.Errorf("a rebuild with the same files: %s", r.stdout)
	}
	if link, err := os.Readlink(d.path("profiles/processes/etc/rc.d/init.d/second")); err != nil || !strings.HasPrefix(link, d.store.dir) {
		t.Errorf("init.d/second leads to %q (%v)", link, err)
	}

	d.mustSwitchTo("--host-packages", d.foreignModel("2", "goodbye"))
	changed := d.observe()
	same(t, rebuilt, changed, "first", "ours")
	replaced(t, rebuilt, changed, "second")
	if got := order(); got != "stop second, start second, " {
		t.Errorf("the order is %s", got)
	}
	d.leavesNothing(nil, before, changed)
	if got := order(); got != "stop second, stop first, " {
		t.Errorf("the order is %s", got)
	}
}

// "Unchanged", case b (DESIGN.md, 2): the expressions import the old framework,
// only the command is ours.
func TestOldFrameworkUnderOurCommand(t *testing.T) {
	t.Parallel()
	checkout := oldCheckout(t)
	d := newDeployment(t)
	d.hostNeeds("nginx", "daemon")
	// Its Nix code can't cope with blanks in paths.
	tree, err := ownDir("np")
	if err != nil {
		t.Fatal(err)
	}
	d.dir = filepath.Join(tree, "deployment")
	if err := os.Mkdir(d.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d.env = append(d.env, "NIX_USER_PROFILE_DIR="+d.path("profiles"))
	t.Cleanup(func() { d.killAll(); os.RemoveAll(tree) })
	for _, part := range []string{"nixproc", "examples"} {
		copyTree(t, filepath.Join(checkout, part), filepath.Join(tree, part))
	}
	copyTree(t, "../webapp", filepath.Join(tree, "webapp")) // theirs needs a library that few hosts have

	examples := filepath.Join(tree, "examples/webapps-agnostic")
	port := freePortsFor(t, append(advancedNames[:len(advancedNames):len(advancedNames)], "webapp", "changed")...)
	write := func(name string) {
		ids := strings.TrimPrefix(port.params(), "--extra-params=")
		if err := os.WriteFile(filepath.Join(examples, name), []byte(ids), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("ids.nix")
	write("ids-advanced.nix")
	d.mustSwitchTo("--host-packages", filepath.Join(examples, "processes.nix"))
	simple := d.observe()
	runs(t, simple, simpleNames...)
	reachable(t, port["nginx"], "webapp", port["webapp"])

	d.mustSwitchTo("--host-packages", filepath.Join(examples, "processes-advanced.nix"))
	before := d.observe()
	runs(t, before, advancedNames...)
	old := port["webapp3"]
	port["webapp3"] = port["changed"]
	port["changed"] = old
	write("ids-advanced.nix")
	d.mustSwitchTo("--host-packages", filepath.Join(examples, "processes-advanced.nix"))
	after := d.observe()
	runs(t, after, advancedNames...)
	if compared := same(t, before, after, "webapp1", "webapp2", "webapp4", "webapp5", "webapp6", "nginx2"); compared < 5 {
		t.Fatalf("only %d processes were compared", compared)
	}
	replaced(t, before, after, "webapp3", "nginx")
	reachable(t, port["nginx"], "webapp3", port["webapp3"])
	d.mustSwitchTo("--rollback")
	same(t, before, d.observe(), "webapp1", "webapp2", "webapp4", "webapp5", "webapp6", "nginx2")
	d.leavesNothing(port, simple, before, after)
}
