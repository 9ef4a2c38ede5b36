"""The lake: landings (基础库), editions of resources (业务库), relations and figures (服务库). Immutable."""
