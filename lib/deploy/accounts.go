package deploy

import (
	"nixproc/lib/accounts"
	"nixproc/lib/journal"
)

func (x *execution) createAccounts(work Work) error {
	if x.Accounts == nil || work.Create.Empty() && work.Remove.Empty() {
		return nil
	}
	// Who finds an account after we were killed in between can't tell whether
	// it was there before.
	missing, err := x.Accounts.Missing(x.ctx, work.Create)
	if err == nil {
		err = x.journal.Change(journal.Accounts{Create: missing, Remove: work.Remove})
	}
	if err != nil || work.Create.Empty() {
		return err
	}
	report, err := x.Accounts.Ensure(x.watched("", nil), work.Create)
	x.created = report.Created
	x.warn(report.Warnings)
	if err != nil {
		return err
	}
	existed, _ := accounts.Diff(report.Created, work.Create)
	return work.Found(existed)
}

// removeAccounts comes after the new profile is current: a failure leaves an
// account too many, never one too few.
func (x *execution) removeAccounts(work Work) {
	if x.Accounts == nil || work.Remove.Empty() {
		return
	}
	report, err := x.Accounts.Remove(x.watched("", nil), work.Remove)
	x.warn(report.Warnings)
	left := report.Left
	if err != nil {
		x.warn([]string{err.Error()})
		left, _ = accounts.Diff(report.Removed, work.Remove)
	}
	if work.Left == nil {
		return
	}
	if err := work.Left(left); err != nil {
		x.warn([]string{err.Error()})
	} else if !left.Empty() {
		x.warn([]string{"the next switch tries again to remove what was left"})
	}
}

// forgetAccounts removes the accounts that this execution created.
func (x *execution) forgetAccounts() error {
	if x.Accounts == nil || x.created.Empty() {
		return nil
	}
	report, err := x.Accounts.Remove(x.watched("", nil), x.created)
	x.warn(report.Warnings)
	return err
}

func (x *execution) warn(texts []string) {
	for _, text := range texts {
		x.Observe(Event{Verb: "warning", Process: text})
	}
}
