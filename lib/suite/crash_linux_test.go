package suite

import (
	"os/exec"
	"testing"
)

// started starts processes as a process manager does that is in a session of its
// own, has the manager killed, and prints by which signals all have ended.
const started = `
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
manager = subprocess.Popen([sys.executable, "-c", """
import subprocess, sys
for _ in range(5):
    subprocess.Popen(["sleep", "1000"], process_group=0)
print("started", flush=True)
sys.stdin.read()
"""], start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
manager.stdout.readline()
subprocess.run(["sh", "-c", sys.argv[1], "sh", str(manager.pid), "family"], check=True)
print({os.WTERMSIG(os.wait()[1]) for _ in range(6)})`

// slowly lets the others do something after each kill.
const slowly = `
kill() { signal=$1; shift; for pid; do command kill "$signal" "$pid"; sleep 0.03; done; }`

// What a process manager has started ends with it by the kill itself, and by no
// signal of the kernel's, of which some would start others.
func TestKillingWakesNobody(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"python3", "pgrep"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	out, err := exec.Command("python3", "-c", started, slowly+killing).CombinedOutput()
	if err != nil || string(out) != "{9}\n" {
		t.Errorf("they ended by %s%v, want SIGKILL for all", out, err)
	}
}
