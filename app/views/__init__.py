"""The pages, each in screen order. Streamlit takes a folder named pages for its own."""
