//! Projections kept in sled and served over HTTP, with the web pages.
