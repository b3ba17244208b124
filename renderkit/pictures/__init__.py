"""Pictures of views: overlays, contact sheets, heat maps, videos."""
