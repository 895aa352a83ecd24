namespace VmBus.Tool;

/// <summary>What <c>vmbus monitor</c> found and did.</summary>
/// <param name="Channels">The channels, as sysfs shows them.</param>
/// <param name="Uio">The UIO device the page was mapped through; <see langword="null"/> when it was not.</param>
/// <param name="Page">The guest-to-host page; <see langword="null"/> when it was not mapped.</param>
/// <param name="Change">What was set, when something was.</param>
internal sealed record MonitorReport(IReadOnlyList<TopRow> Channels, string? Uio, MonitorPageCopy? Page, MonitorChange? Change)
{
    /// <summary>The channels with a monitor, by monitor.</summary>
    public IEnumerable<TopRow> Monitored => Channels.Where(row => row.MonitorId is not null).OrderBy(row => row.MonitorId).ThenBy(row => row.Relid);

    /// <summary>The monitors of the page that are in use, or all.</summary>
    /// <param name="all">Whether all.</param>
    /// <returns>Each with the channel it belongs to, as far as one is known.</returns>
    public IEnumerable<(MonitorPageCopy.Monitor Monitor, TopRow? Channel)> Monitors(bool all)
    {
        ILookup<int?, TopRow> channels = Channels.ToLookup(row => row.MonitorId);
        return (Page?.Monitors ?? []).Select(monitor => (monitor, channels[monitor.Id].FirstOrDefault()))
            .Where(one => all || one.monitor.IsUsed || one.Item2 is not null);
    }
}
