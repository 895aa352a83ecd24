using System.Diagnostics;
using System.Globalization;
using VmBus.InMemory;

namespace VmBus.Fuzz.Hostile;

/// <summary>This program, started again as another process of a channel.</summary>
internal static class PeerRoles
{
    public static Process Start(string role, string path, int seed)
    {
        string program = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(PeerRoles).Assembly.Location] : [];
        var start = new ProcessStartInfo(program, [.. self, "hostile", "peer", role, path, seed.ToString(CultureInfo.InvariantCulture)]);
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_GCHeapCount"] = "1";
        return Process.Start(start)!;
    }

    public static async Task<int> PlayAsync(string[] role)
    {
        if (role is not [var name, var path, var number] || !int.TryParse(number, CultureInfo.InvariantCulture, out int seed))
            return 2;
        switch (name)
        {
            case "echo":
                await EchoAsync(path);
                return 0;
            case "hostile-guest":
                new HostileProcess(seed).PlayGuest(path);
                return 0;
            case "hostile-host":
                await new HostileProcess(seed).PlayHostAsync(path);
                return 0;
            default:
                return 2;
        }
    }

    private static async Task EchoAsync(string path)
    {
        using SharedGuest guest = await SharedGuest.ConnectAsync(path);
        VmBusChannel channel = guest.Channel;
        byte[] payload = new byte[4096];
        while (await channel.WaitToReadAsync())
        {
            while (TryTake(channel, payload, out int length, out ulong id))
            {
                while (!channel.TrySend(payload.AsSpan(0, length), id, VmBus.Layout.PacketFlags.None))
                {
                    if (!await channel.WaitToWriteAsync(length))
                        return;
                }
            }
        }
    }

    private static bool TryTake(VmBusChannel channel, byte[] payload, out int length, out ulong id)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        (length, id) = (0, 0);
        if (!batch.TryNext(out RingPacket packet))
            return false;
        packet.Payload.CopyTo(payload);
        (length, id) = (packet.Payload.Length, packet.TransactionId);
        batch.Commit();
        return true;
    }
}
