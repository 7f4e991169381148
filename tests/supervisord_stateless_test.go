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
	model := d.model("model.nix", `{
  a = sleeper "a" {
    args = [ "1234567" ];
    user = "npa";
    credentials = { groups.npa = { }; users.npa.group = "npa"; };
  };
}`)
	cmd := exec.Command("unshare", "--net", "sh", "-c", `ip link set lo up && exec "$@"`, "sh",
		d.binary, "supervisord-deploy-stateless", "--host-packages", "--state-dir", d.path("state"), model)
	cmd.Dir, cmd.Env = d.dir, d.env
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
	for end := time.Now().Add(time.Minute); len(mentions(t, "sleep\x001234567\x00")) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the process does not run after a minute")
		}
	}
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
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
	}
	if left := mentions(t, "sleep\x001234567\x00"); len(left) > 0 {
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
