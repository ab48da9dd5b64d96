from kedro.framework.hooks import hook_impl
class RunReportHook:
    pass
