"""cebra-kedro: CEBRA experiments as reproducible Kedro pipelines."""

__version__ = "0.1.0"
