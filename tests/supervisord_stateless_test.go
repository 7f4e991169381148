package tests

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nixproc-supervisord-deploy-stateless: supervisord in the foreground, from the
// profile alone, in a network of its own since its port is fixed; when it is
// ended, nothing is left.
func TestSupervisordStateless(t *testing.T) {
	t.Parallel()
	needsUnshare(t, "--net")
	needsRoot(t, "ip", "supervisord")
	d := newMachine(t)
	seconds := longTime()
	model := d.model("model.nix", `{
  a = sleeper "a" {
    args = [ "`+seconds+`" ];
    user = "npa";
    credentials = { groups.npa = { }; users.npa.group = "npa"; };
  };
}`)
	cmd := exec.Command("unshare", "--net", "sh", "-c", `ip link set lo up && exec "$@"`, "sh",
		d.binary, "supervisord-deploy-stateless", "--host-packages", "--state-dir", d.path("state"), model)
	d.write("tmp/made", "")
	cmd.Dir, cmd.Env = d.dir, append(d.env, "TMPDIR="+d.path("tmp")) // where supervisord keeps logs
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
	sleeps := func() []string { return mentions(t, "sleep\x00"+seconds+"\x00") }
	eventually(t, "the process runs", func() bool { return len(sleeps()) > 0 })
	if d.account("passwd", "npa") == "" || d.account("group", "npa") == "" {
		t.Error("there is no user npa while it runs")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("%v\n%s", err, out.String())
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if left := sleeps(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if d.account("passwd", "npa") != "" || d.account("group", "npa") != "" {
		t.Error("the user npa is left")
	}
	if _, err := os.Stat(d.path("state/log/supervisord.log")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(d.path("supervisord.log")); err == nil {
		t.Error("supervisord wrote into the working directory")
	}
}
