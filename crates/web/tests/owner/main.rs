//! The owner's pages, asked as a browser asks them.

mod forms;
mod hostile;
mod languages;
mod pages;
mod people;
mod shop;
