// Many channels of one kernel open at once: echoes with subchannels, which take no network buffers of their own.

using System.Globalization;
using VmBus.Linux;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>Eight echoes, each with seven subchannels, over UIO.</summary>
internal static class ManyChannels
{
    private const int Echoes = 8;
    private const int Subchannels = 7;
    private const int First = 0x80;

    private static readonly VmBusSysfs Sysfs = new();
    private static readonly VmBusDeviceOptions Options = new() { Trust = PeerTrust.Untrusted };

    /// <summary>Opens all, has each answer while all are open, and has the host take all of them back.</summary>
    public static void OpenAll()
    {
        var open = new List<UioDevice>();
        var channels = new List<UioChannel>();
        try
        {
            for (int echo = 0; echo < Echoes; echo++)
            {
                Host($"offer {Name(echo)},monitor=5ms");
                Until(() => Find(echo) is not null, $"echo {echo} does not come");
                VmBusBinding.Bind(Sysfs, Instance(echo));
                open.Add(UioDevice.Open(Sysfs, Instance(echo), Options));
                channels.Add(open[echo].Primary);
                for (int one = 1; one <= Subchannels; one++)
                    Host($"offer {Name(echo)},monitor=5ms,subchannel={one}");
                Until(() => Found(echo).Count == Subchannels, $"echo {echo} has {Found(echo).Count} subchannels with rings");
                channels.AddRange(Found(echo).Select(found => open[echo].AddSubchannel(found.Relid)));
            }

            for (int round = 0; round < 3; round++)
            {
                foreach (UioChannel channel in channels)
                    RoundTrips(channel.Channel, 3);
            }

            Console.WriteLine($"{channels.Count} channels are open and answer");
            Host("status");
        }
        finally
        {
            foreach (UioDevice device in open)
                device.Dispose();
        }

        // They stay bound until they are rescinded, the subchannels before their primary channel.
        for (int echo = 0; echo < Echoes; echo++)
        {
            for (int one = 1; one <= Subchannels; one++)
                Host(string.Create(CultureInfo.InvariantCulture, $"revoke echo{First + echo}.{one}"));
            Host(string.Create(CultureInfo.InvariantCulture, $"revoke echo{First + echo}"));
        }

        Until(() => Enumerable.Range(0, Echoes).All(echo => Find(echo) is null), "not every echo goes");
    }

    private static string Name(int echo) => string.Create(CultureInfo.InvariantCulture, $"echo={First + echo}");

    // Of an echo's instance the last byte is its number.
    private static Guid Instance(int echo) => new(string.Create(CultureInfo.InvariantCulture, $"e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e{First + echo:x2}"));

    private static SysfsDevice? Find(int echo) => Sysfs.ListDevices().FirstOrDefault(device => device.InstanceId == Instance(echo));

    private static List<SysfsChannel> Found(int echo) => [.. Find(echo)?.Channels.Where(channel => channel is { SubchannelIndex: > 0, RingBytes: not null }) ?? []];
}
