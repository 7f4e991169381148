package tests

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// P14: an account that is in use is left, and each switch after that tries again,
// though it has nothing else to do. One that a model needs again meanwhile is still
// ours.
func TestAccountIsLeft(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	lent := m.model("lent.nix", `{ lent = sleeper "lent" { user = "lent"; credentials = { groups.lent.gid = 47113; users.lent = { uid = 47113; group = "lent"; }; }; }; }`)
	without := m.model("without.nix", `{ }`)
	for _, then := range []func(){
		func() { m.mustSwitchAsRoot("--runlevel=3", lent) },
		func() {},
	} {
		m.mustSwitchAsRoot("--runlevel=3", lent)
		user := exec.Command("sleep", "1000")
		user.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 47113, Gid: 47113}}
		if err := user.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { user.Process.Kill() })
		r := m.mustSwitchAsRoot("--runlevel=3", without)
		for _, want := range []string{"user lent is still in use and was left: ", "the next switch tries again to remove what was left"} {
			if !strings.Contains(r.stderr, want) {
				t.Errorf("it does not say %q:\n%s", want, r.stderr)
			}
		}
		for _, file := range []string{"passwd", "group"} {
			if m.account(file, "lent") == "" {
				t.Errorf("it is not in /etc/%s any more", file)
			}
		}
		then()
		user.Process.Kill()
		user.Wait()
		if r := m.mustSwitchAsRoot("--runlevel=3", without); strings.Contains(r.stderr, "left") {
			t.Error(r.stderr)
		}
		m.hasNot("lent")
	}
	if left := m.program("find", m.path("profiles"), "-name", "*-accounts.json").stdout; left != "" {
		t.Errorf("there is still something to do: %s", left)
	}
}
