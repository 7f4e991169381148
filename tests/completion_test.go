package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// typed are beginnings of command lines, with the keys that a person presses,
// and the arguments that come of them.
var typed = []struct{ keys, want string }{
	{"nixproc sysvinit-sw\t --undepl\t", "sysvinit-switch|--undeploy"},
	{"nixproc switch -P sysv\t mod\t", "switch|-P|sysvinit|model.nix"},
	{"nixproc build --process-manager=sysv\t a\\ m\t", "build|--process-manager=sysvinit|a model.nix"},
	{"nixproc id-assign --ids=mod\t", "id-assign|--ids=model.nix"},
	{"nixproc init-state --state-dir=dee\t", "init-state|--state-dir=deep"},
	{"nixproc generations switch 1\t", "generations|switch|12"},
	{"nixproc status -p proc\t sle\t", "status|-p|processes|sleeper"},
	{"nixproc-sysvinit-switch --switch-gen\t 1\t", "--switch-generation|12"},
}

// withSomethingDeployed is a place where there is something to complete:
// generation 12 of one process, models and a directory.
func withSomethingDeployed(t *testing.T) *deployment {
	t.Helper()
	d := newDeployment(t)
	d.mustSwitchTo("--host-packages", d.model("model.nix", `{ sleeper = sleeper "sleeper" { }; }`))
	profiles := d.path("profiles", "processes")
	for _, err := range []error{
		os.Rename(profiles+"-1-link", profiles+"-12-link"),
		os.Remove(profiles),
		os.Symlink("processes-12-link", profiles),
		os.MkdirAll(d.path("deep"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d.write("a model.nix", "{ }")
	d.write("model.txt", "")
	d.env = append(d.env, "PATH="+filepath.Dir(d.binary)+":"+os.Getenv("PATH"), "HOME="+d.dir, "TERM=vt100", "LC_ALL=C.UTF-8")
	return d
}

// In shells that real keys are pressed in. In place of the commands there is a
// function that writes down its arguments.
func TestCompletionInShells(t *testing.T) {
	t.Parallel()
	d := withSomethingDeployed(t)
	function := `nixproc() { if [ "$1" = complete ]; then command nixproc "$@"; else said "$@"; fi; }
said() { (IFS='|'; echo "$*" >>said); }
nixproc-sysvinit-switch() { said "$@"; }
`
	for shell, c := range map[string]struct{ file, start, command string }{
		"bash": {"rc", "source <(nixproc completion bash)\n", "bash --noprofile --rcfile rc -i"},
		// As installed: the name of the file says what is in it.
		"zsh": {".zshrc", "fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D\n", "zsh -i"},
	} {
		t.Run(shell, func(t *testing.T) {
			needs(t, shell, "script")
			d.write(c.file, "PS1='$ '\n"+c.start+function)
			if r := d.program("sh", "-ec", "rm -f said; mkdir -p functions; nixproc completion zsh >functions/_nixproc"); r.code != 0 {
				t.Fatal(r.stderr)
			}
			var keys, want []string
			for _, line := range typed {
				keys, want = append(keys, line.keys+"\n"), append(want, line.want)
			}
			d.write("keys", strings.Join(append(keys, "exit\n"), ""))
			r := d.program("sh", "-c", "timeout 60 script -qec '"+c.command+"' /dev/null <keys")
			said := strings.Split(strings.TrimSpace(read(t, d.path("said"))), "\n")
			for i := range want {
				// Shells differ in whether a slash stays behind a directory.
				if i >= len(said) || strings.TrimSuffix(said[i], "/") != want[i] {
					t.Errorf("%q: got %q, want %q\n%s", keys[i], said, want[i], r.stdout)
				}
			}
		})
	}
	t.Run("fish", func(t *testing.T) {
		needs(t, "fish")
		for _, line := range typed {
			// fish tells what it would do at the last key.
			keys, _ := strings.CutSuffix(line.keys, "\t")
			keys = strings.NewReplacer("sysvinit-sw\t", "sysvinit-switch", "sysv\t", "sysvinit", "proc\t", "processes", "gen\t", "generation").Replace(keys)
			r := d.program("fish", "--no-config", "-c", `nixproc completion fish | source; complete --do-complete $argv`, keys)
			got, _, _ := strings.Cut(strings.TrimSuffix(r.stdout, "\n"), "\t")
			want := line.want[strings.LastIndexByte(line.want, '|')+1:]
			if strings.TrimSuffix(got, "/") != want || strings.Count(r.stdout, "\n") != 1 {
				t.Errorf("%q: got %q, want %q\n%s", keys, r.stdout, want, r.stderr)
			}
		}
	})
}

// Completion needs no other program, changes nothing, and never complains.
func TestCompletionLeavesAllAsItIs(t *testing.T) {
	t.Parallel()
	d := withSomethingDeployed(t)
	before := d.program("find", ".", "-printf", "%p %T@ %s\n").stdout
	d.env = append(d.env, "PATH=/nonexistent")
	for line, want := range map[string]string{
		"switch -P sys":                   "words systemd sysvinit",
		"switch --switch-gen ":            "words 12",
		"sysvinit-switch --delete-gener ": "words 12 old",
		"disnix-switch --switch-gener ":   "words",
		"systemd-switch --switch-gener ":  "words",
		"generations -P sysvinit switch ": "words 12",
		"generations -P systemd switch ":  "words",
		"generations -p other switch ":    "words",
		"status ":                         "words sleeper",
		"status -p nosuch ":               "words",
		"status -p ../processes ":         "words",
		"status --profile ":               "words processes",
		"switch --profile=":               "words processes",
	} {
		r := d.nixproc(append([]string{"complete", "nixproc"}, strings.Split(line, " ")...)...)
		var got []string
		for line := range strings.Lines(r.stdout) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			got = append(got, word)
		}
		if text := strings.Join(got, " "); r.code != 0 || r.stderr != "" || text != want {
			t.Errorf("%q: exit code %d, %q, want %q\n%s", line, r.code, text, want, r.stderr)
		}
	}
	d.env = append(d.env, "PATH="+os.Getenv("PATH"))
	if after := d.program("find", ".", "-printf", "%p %T@ %s\n").stdout; after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// needs skips a test where a program is not installed.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
}
