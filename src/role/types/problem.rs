//! Why an act on users or roles is refused.

use crate::problem::problems;

problems! {
    /// Why an act on users or roles is refused.
    pub enum ActProblem {
        /// No administrator would be left.
        LastAdministrator: "last_administrator", 409,
            "This would leave nobody who administers. Make somebody else an administrator first.";
        /// The role that is always there.
        BuiltInRole: "built_in_role", 409, "This role is always there and can't be changed.";
        /// It concerns a user who may do more than the one who acts.
        Above: "above", 403, "You can't do this to somebody who may do more than you here.";
        /// Another user changed it since it was shown.
        Changed: "changed", 409,
            "Somebody else changed this meanwhile, and nothing of yours was done. \
             Look at it as it is now, then try again.";
        /// The user has no email address.
        NoAddress: "no_address", 409, "This user has no e-mail address to write to.";
        /// A user without a verified email address gets no role.
        AddressNotProven: "address_not_proven", 409,
            "This user's address is not proven yet. Ask them to confirm it first.";
    }
}
