//! The macros of `lazy` for builds that do not split the browser half, such as `cargo xtask watch`.

/// Defines a page that loads with the rest.
#[macro_export]
macro_rules! lazy_page {
    ($($page:tt)*) => { $crate::eager_page!($($page)*); };
}

/// Defines a function that loads with the rest.
#[macro_export]
macro_rules! lazy_fn {
    ($item:item) => {
        $item
    };
}
