package manager

// ahead is a manager that has begun to read the units of one profile.
type ahead struct {
	Manager
	profile string
	done    chan struct{}
	units   []Unit
	err     error
}

// ReadAhead begins to read the units of a profile, which takes its time when
// there are many, so that something else can go on meanwhile. The manager that
// it gives is the same in all else.
func ReadAhead(m Manager, profile string) Manager {
	a := &ahead{Manager: m, profile: profile, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.units, a.err = m.Units(profile)
	}()
	return a
}

// Itself gives the manager that ReadAhead was called with, whose further
// interfaces (Installer, Batch) the one that it gave does not show.
func Itself(m Manager) Manager {
	if a, ok := m.(*ahead); ok {
		return a.Manager
	}
	return m
}

func (a *ahead) Units(profile string) ([]Unit, error) {
	if profile != a.profile {
		return a.Manager.Units(profile)
	}
	<-a.done
	return a.units, a.err
}
