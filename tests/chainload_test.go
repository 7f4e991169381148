package tests

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// D35: the command becomes the user, with that user's groups and none of those
// that root has; what follows the user is all another
// command's.
func TestChainloadUser(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	needsRoot(t, "id", "setpriv")
	d.env = append(d.env, "KEPT=a b")
	r := d.program("setpriv", "--groups", strconv.Itoa(extraGroup), d.binary, "chainload-user", "nobody", "sh", "-c", `id -u; id -g; id -G; echo "$KEPT"; shift; echo "$@"`, "sh", "--", "-h", "--help", "a  b")
	var want strings.Builder
	for _, option := range []string{"-u", "-g", "-G"} {
		out, err := exec.Command("id", option, "nobody").Output()
		if err != nil {
			t.Fatal(err)
		}
		want.Write(out)
	}
	want.WriteString("a b\n-h --help a  b\n")
	if r.code != 0 || r.stdout != want.String() {
		t.Errorf("exit code %d, %q, want %q\n%s", r.code, r.stdout, want.String(), r.stderr)
	}
	for _, wrong := range []struct {
		code int
		want string
		args []string
	}{
		{64, "needs a USER and a COMMAND", []string{"nobody"}},
		{1, "there is no user np-nobody-at-all", []string{"np-nobody-at-all", "id"}},
		{1, "no-such-program", []string{"--", "nobody", "no-such-program"}},
	} {
		if r := d.nixproc(append([]string{"chainload-user"}, wrong.args...)...); r.code != wrong.code || !strings.Contains(r.stderr, wrong.want) {
			t.Errorf("%q: exit code %d, %s", wrong.args, r.code, r.stderr)
		}
	}
}
