package deploy

import "nixproc/lib/accounts"

func (x *execution) createAccounts(work Work) error {
	if x.Accounts == nil || work.Create.Empty() {
		return nil
	}
	report, err := x.Accounts.Ensure(x.ctx, work.Create)
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
func (x *execution) removeAccounts(set accounts.Set) {
	if x.Accounts == nil || set.Empty() {
		return
	}
	report, err := x.Accounts.Remove(x.ctx, set)
	x.warn(report.Warnings)
	if err != nil {
		x.warn([]string{err.Error()})
	}
}

// forgetAccounts removes the accounts that this execution created.
func (x *execution) forgetAccounts() error {
	if x.Accounts == nil || x.created.Empty() {
		return nil
	}
	report, err := x.Accounts.Remove(x.ctx, x.created)
	x.warn(report.Warnings)
	return err
}

func (x *execution) warn(texts []string) {
	for _, text := range texts {
		x.Observe(Event{Verb: "warning", Process: text})
	}
}
