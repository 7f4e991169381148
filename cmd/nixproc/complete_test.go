package main

import (
	"strings"
	"testing"
)

// What is offered for a command line that is not finished.
func TestComplete(t *testing.T) {
	t.Setenv("NIX_USER_PROFILE_DIR", t.TempDir())
	for _, c := range []struct {
		line string // the last word is what follows the last blank
		want string
	}{
		{"nixproc syst", "words systemd-deploy systemd-switch"},
		{"/bin/nixproc sysvinit-s", "words sysvinit-switch"},
		{"nixproc sw", "words switch"},
		{"nixproc nonsense ", "words"},
		{"nixproc sysvinit-switch --un", "words --undeploy"},
		{"nixproc-sysvinit-switch --un", "words --undeploy"},
		{"nixproc-sysvinit-switch -- --un", "files *.nix"},
		{"nixproc boot -", "words -h --help -p --profile --runlevel"},
		{"nixproc boot --r", "words --runlevel"},
		{"nixproc sysvinit-deploy --switch", "words"},
		{"nixproc switch --switch-t", "words"},
		{"nixproc build -P s", "words s6-rc supervisord systemd sysvinit"},
		{"nixproc build -P", "words"},
		{"nixproc build --process-manager=d", "words disnix docker"},
		{"nixproc build --proc d", "words disnix docker"},
		{"nixproc build --no-out-link=", "words"},
		{"nixproc build --nonsense ", "words"},
		{"nixproc build --nonsense=1 ", "words"},
		{"nixproc sysvinit-switch --jobs ", "words"},
		{"nixproc sysvinit-switch --jobs=many --und", "words"},
		{"nixproc sysvinit-switch --state-dir ", "directories"},
		{"nixproc sysvinit-switch --state-dir=/v", "directories"},
		{"nixproc sysvinit-switch -o ", "directories"},
		{"nixproc sysvinit-switch ", "files *.nix"},
		{"nixproc sysvinit-switch a.nix ", "words --cache-dir --delete-all-generations --delete-generations --dry-run …"},
		{"nixproc sysvinit-deploy ", "directories"},
		{"nixproc sysvinit-runactivity st", "words start stop status"},
		{"nixproc bsdrc-runactivity -r ones", "words onestart onestop onestatus"},
		{"nixproc sysvinit-runactivity start ", "directories"},
		{"nixproc generate-config -P systemd ", "files *.json"},
		{"nixproc image -P s", "words s6-rc supervisord sysvinit"},
		{"nixproc image -o ", "files *.tar"},
		{"nixproc image ", "files *.nix"},
		{"nixproc id-assign --ids ", "files *.nix"},
		{"nixproc chainload-user ro", "users"},
		{"nixproc chainload-user root ", "commands"},
		{"nixproc chainload-user root id -", "words"},
		{"nixproc generations ", "words list switch delete"},
		{"nixproc generations delete ", "words old all"},
		{"nixproc boot e", "words enable"},
		{"nixproc completion ", "words bash fish zsh"},
		{"nixproc man ", "directories"},
		{"nixproc test ", "files *.nix"},
		{"nixproc test a.nix ", "files *.nix"},
		{"nixproc test -P sy", "words systemd sysvinit"},
		{"nixproc test -P docker,sy", "words docker,systemd docker,sysvinit"},
		{"nixproc test --profile=u", "words unprivileged"},
		{"nixproc test --variant ", "words test upgrade crash"},
		{"nixproc", ""},
	} {
		out, code := stdoutOf(t, append([]string{"nixproc", "complete"}, strings.Split(c.line, " ")...))
		var got []string
		for line := range strings.Lines(out) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			got = append(got, word)
		}
		want, more := strings.CutSuffix(c.want, " …")
		if text := strings.Join(got, " "); code != exitDone || text != want && !(more && strings.HasPrefix(text, want+" ")) {
			t.Errorf("%q: exit code %d, got %q, want %q", c.line, code, text, c.want)
		}
	}
}

func TestCompletionForWhichShell(t *testing.T) {
	for _, shell := range []string{"bash", "fish", "zsh"} {
		out, code := stdoutOf(t, []string{"nixproc", "completion", shell})
		if code != exitDone || !strings.Contains(out, "nixproc complete ") || strings.Contains(out, "@commands@") {
			t.Errorf("%s: exit code %d\n%s", shell, code, out)
		}
	}
	for _, args := range [][]string{{}, {"csh"}, {"../man.txt"}, {"bash", "zsh"}} {
		if out, code := stdoutOf(t, append([]string{"nixproc", "completion"}, args...)); code != exitUsage || out != "" {
			t.Errorf("completion %q: exit code %d, %s", args, code, out)
		}
	}
}
