//! The rate limits, as rows of the list of settings.

use super::setting::{Setting, setting};

const fn rate(key: &'static str, default: &'static str, about: &'static str) -> Setting {
    setting(key, default, "a number and a duration like \"10/1h\", or none", about)
}

pub const LIMIT_SETTINGS: &[Setting] = &[
    rate(
        "limit.sign_in_account",
        "none",
        "Password sign-ins for one account, in addition to password.max_delay.",
    ),
    rate(
        "limit.sign_in_address",
        "100/10m",
        "Password and provider sign-ins from one IP address or IPv6 /64.",
    ),
    rate(
        "limit.sign_in_overall",
        "10000/10m",
        "Password and provider sign-ins across all clients.",
    ),
    rate("limit.sign_up_account", "5/1h", "Sign-ups with one email address."),
    rate("limit.sign_up_address", "30/1h", "Sign-ups from one IP address."),
    rate("limit.sign_up_overall", "2000/1h", "Sign-ups across all clients."),
    rate(
        "limit.recovery_account",
        "5/1h",
        "Password reset requests for one account, from one browser that it knows or from one network.",
    ),
    rate("limit.recovery_address", "30/1h", "Password reset requests from one IP address."),
    rate("limit.recovery_overall", "2000/1h", "Password reset requests across all clients."),
    rate(
        "limit.recovery_unknown",
        "20/1h",
        "Password reset requests for one account, from all browsers together that it doesn't know.",
    ),
    rate("limit.verification_account", "20/1h", "Uses of mailed links of one account."),
    rate("limit.verification_address", "100/1h", "Uses of mailed links from one IP address."),
    rate("limit.verification_overall", "10000/1h", "Uses of mailed links across all clients."),
    rate("limit.resend_account", "5/1h", "Requests of one account for verification mails."),
    rate("limit.resend_address", "30/1h", "Requests for verification mails from one IP address."),
    rate("limit.resend_overall", "2000/1h", "Requests for verification mails across all clients."),
    rate(
        "limit.mailed_sign_in_account",
        "5/1h",
        "Requests for sign-in mails for one account, from one browser that it knows or from one network.",
    ),
    rate(
        "limit.mailed_sign_in_address",
        "30/1h",
        "Requests for sign-in mails from one IP address.",
    ),
    rate(
        "limit.mailed_sign_in_overall",
        "2000/1h",
        "Requests for sign-in mails across all clients.",
    ),
    rate(
        "limit.mailed_sign_in_unknown",
        "20/1h",
        "Requests for sign-in mails for one account, from all browsers together that it doesn't know.",
    ),
    rate(
        "limit.code_account",
        "5/1d",
        "Attempts to enter a mailed code for one account, from one browser that it knows or from one network, however many codes are sent. A correct code resets the count.",
    ),
    rate("limit.code_address", "30/1h", "Attempts to enter a mailed code from one IP address."),
    rate("limit.code_overall", "2000/1h", "Attempts to enter a mailed code across all clients."),
    rate(
        "limit.code_unknown",
        "20/1d",
        "Attempts to enter a mailed code for one account, from all browsers together that it doesn't know.",
    ),
    rate(
        "limit.posted_callback_address",
        "100/10m",
        "Callbacks that a provider's page posts, from one IP address.",
    ),
    rate(
        "limit.posted_callback_overall",
        "10000/10m",
        "Callbacks that a provider's page posts, across all clients.",
    ),
    rate(
        "limit.mail_recipient",
        "10/1h",
        "Mails to one recipient that strangers can cause: sign-ups, changed email addresses, invitations.",
    ),
    rate(
        "limit.notice_recipient",
        "10/1h",
        "Security notices to one recipient who has not verified the email address.",
    ),
];
