//! For builds that do not split the browser half, such as `cargo xtask watch`.

/// A page that comes with the rest.
#[macro_export]
macro_rules! lazy_page {
    ($($page:tt)*) => { $crate::whole_page!($($page)*); };
}

/// A function that comes with the rest.
#[macro_export]
macro_rules! lazy_fn {
    ($item:item) => {
        $item
    };
}
