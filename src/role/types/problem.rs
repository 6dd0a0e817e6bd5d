//! The reasons to refuse an action on users or roles.

use crate::problem::problems;

problems! {
    /// The reason an action on users or roles was refused.
    pub enum AdminProblem {
        /// No administrator would be left.
        LastAdministrator: "last_administrator", 409,
            "This would leave nobody who administers. Make somebody else an administrator first.";
        /// The role is built in.
        BuiltInRole: "built_in_role", 409, "This role is always there and can't be changed.";
        /// The target holds permissions that the actor lacks.
        TargetOutranksActor: "above", 403, "You can't do this to somebody who may do more than you here.";
        /// Another user changed the target after it was shown.
        Changed: "changed", 409,
            "Somebody else changed this meanwhile, and nothing of yours was done. \
             Look at it as it is now, then try again.";
        /// The user has no email address.
        NoEmail: "no_address", 409, "This user has no e-mail address to write to.";
        /// The user's email address must be verified before they get a role.
        TargetUnverified: "address_not_proven", 409,
            "This user's address is not proven yet. Ask them to confirm it first.";
    }
}
