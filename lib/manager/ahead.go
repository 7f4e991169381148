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

func (a *ahead) Units(profile string) ([]Unit, error) {
	if profile != a.profile {
		return a.Manager.Units(profile)
	}
	<-a.done
	return a.units, a.err
}

// As gives what else a manager can do, if it can: an Installer, a Batch, a
// Witness. One that reads ahead can do what the manager behind it can.
func As[T any](m Manager) (T, bool) {
	if reading, ok := m.(*ahead); ok {
		m = reading.Manager
	}
	ability, ok := m.(T)
	return ability, ok
}
