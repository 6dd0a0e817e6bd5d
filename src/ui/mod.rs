//! The design system: what pages are made of. Knows no feature.

mod field;
mod frame;
mod load;
mod submit;
mod time;

pub use field::{Field, Hint};
pub use frame::{
    ErrorCard, Frame, Mark, NoticeBar, PageTitle, RequestId, focus_heading, rescue_focus,
};
pub use load::Loaded;
pub use submit::{Alert, Confirm, Form, Submit};
pub use time::Moment;

/// A page that the browser loads when it is first gone to. On the server it is a page like others.
#[macro_export]
macro_rules! lazy_page {
    ($(#[$about:meta])* $page:ident => $view:path) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $page;

        #[::leptos_router::lazy_route]
        impl ::leptos_router::LazyRoute for $page {
            fn data() -> Self {
                Self
            }

            fn view(_page: Self) -> ::leptos::prelude::AnyView {
                ::leptos::prelude::IntoAny::into_any($view())
            }
        }
    };
}
