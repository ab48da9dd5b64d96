"""One self-contained page over the results that lie in a reporting folder.

The page shows what files hold; computing scores and drawing figures are left to the other rooms.
"""

from cebra_kedro.report.build import build_report
from cebra_kedro.report.notebook import explore

__all__ = ["build_report", "explore"]
