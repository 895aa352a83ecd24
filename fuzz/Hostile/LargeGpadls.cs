using VmBus.Guests;
using VmBus.Protocol;

namespace VmBus.Fuzz.Hostile;

/// <summary>
/// GPADLs of many messages, of pages that lie scattered, repeat, or are rings already; opened, torn down, or neither: what the budgets
/// of pages and mappings are for.
/// </summary>
internal sealed class LargeGpadls(Random random, IGuestPlatform platform) : IDisposable
{
    private const int Pages = 1024;
    private const int MostFrames = 700;

    private readonly IGuestPages _pages = platform.AllocatePages(Pages);
    private readonly List<(uint Relid, uint Gpadl)> _made = [];
    private uint _last = 0x1000_0000;

    /// <summary>Makes one, and does something to those there are.</summary>
    public void Post(uint relid)
    {
        ulong[] frames = new ulong[random.Next(2, MostFrames)];
        int kind = random.Next(3);
        for (int i = 0; i < frames.Length; i++)
            frames[i] = _pages.PageFrames.Span[kind switch { 0 => (Pages - 1) - i % Pages, 1 => i % 3, _ => random.Next(Pages) }];
        uint gpadl = ++_last;
        foreach (byte[] message in GpadlMessages.Encode(relid, gpadl, [GpadlRange.OfPages(frames)]))
        {
            // One that is never complete takes its room, too.
            if (random.Next(400) != 0)
                Send(message);
        }

        _made.Add((relid, gpadl));
        if (random.Next(2) == 0)
        {
            Send(ChannelMessages.ToBytes(ChannelMessageType.OpenChannel, new OpenChannel
            {
                ChildRelid = relid,
                OpenId = gpadl,
                RingBufferGpadl = gpadl,
                TargetVp = 0,
                DownstreamPageOffset = (uint)random.Next(frames.Length),
            }));
        }

        while (_made.Count > 0 && random.Next(10) < 6)
        {
            int at = random.Next(_made.Count);
            Send(ChannelMessages.ToBytes(ChannelMessageType.CloseChannel, new CloseChannel { ChildRelid = _made[at].Relid }));
            Send(ChannelMessages.ToBytes(ChannelMessageType.GpadlTeardown, new GpadlTeardown { ChildRelid = _made[at].Relid, Gpadl = _made[at].Gpadl }));
            _made.RemoveAt(at);
        }
    }

    public void Dispose() => _pages.Dispose();

    private void Send(byte[] message) => platform.PostMessage(MessageConnection.Contact, message);
}
