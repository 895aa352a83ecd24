// Asks for the flag of channels for as long as the command runs, also of those that come later.

using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Channels whose flag is asked for until this is disposed.</summary>
/// <param name="sysfs">The guest.</param>
/// <param name="find">The devices: looked up each time.</param>
[SupportedOSPlatform("linux")]
internal sealed class LowLatencyHold(VmBusSysfs sysfs, Func<IReadOnlyList<SysfsDevice>> find) : IDisposable
{
    private readonly Dictionary<(Guid Instance, uint Relid), KernelChannel> _held = [];

    /// <summary>Asks for the flag of channels that are not held yet, and forgets those that have ended.</summary>
    /// <returns>The channels that are held from now on.</returns>
    /// <exception cref="LinuxGuestException">The module refused.</exception>
    public IReadOnlyList<TopRow> Renew()
    {
        foreach (((Guid, uint) key, KernelChannel channel) in _held.ToArray())
        {
            try
            {
                channel.GetState();
            }
            catch (PeerDisconnectedException)
            {
                channel.Dispose();
                _held.Remove(key);
            }
        }

        List<TopRow> news = [];
        foreach (TopRow row in TopRows.From(find()).Where(LowLatencyRun.HasSwitch))
        {
            (Guid Instance, uint Relid) key = LowLatencyRun.Key(row);
            if (_held.ContainsKey(key))
                continue;
            KernelChannel? channel = null;
            try
            {
                channel = KernelChannel.Open(key.Instance, key.Relid, sysfs);
                channel.SetLowLatency(true);
                _held.Add(key, channel);
                news.Add(row);
            }
            catch (Exception gone) when (gone is PeerDisconnectedException or LinuxGuestException { Error: LinuxGuestError.NoDevice or LinuxGuestError.NotBound })
            {
                // It went while it was looked at: the next look finds what came in its place.
                channel?.Dispose();
            }
            catch
            {
                channel?.Dispose();
                throw;
            }
        }

        return news;
    }

    /// <summary>Takes the requests back.</summary>
    public void Dispose()
    {
        foreach (KernelChannel channel in _held.Values)
            channel.Dispose();
        _held.Clear();
    }
}
