namespace VmBus.Peers.Tests;

/// <summary>What one end has to send and to receive, and the loop that does it.</summary>
internal sealed class Conversation(IChannelEnd end, Doorbell own, Traffic sending, long toSend, Traffic receiving, long toReceive)
{
    private long _sent;
    private long _received;
    private long _slept;

    public long Slept => _slept;

    /// <summary>One burst each way. Returns whether anything moved.</summary>
    public bool Step()
    {
        int moved = 0;
        if (_sent < toSend)
        {
            int sent = end.Send(sending, _sent, toSend);
            _sent += sent;
            moved += sent;
        }

        if (_received < toReceive)
        {
            int received = end.Receive(receiving, _received);
            _received += received;
            moved += received;
            if (_received > toReceive)
                Assert.Fail($"{_received} packets arrived of {toReceive} sent.");
        }

        return moved != 0;
    }

    public bool IsOver => _sent == toSend && _received == toReceive;

    /// <summary>To the end, asleep whenever nothing moves: only the other end's signal goes on from there.</summary>
    public void Run(Func<string> state, CancellationToken otherFailed)
    {
        end.Disarm();
        while (!IsOver)
        {
            if (Step())
                continue;
            if (!end.Arm(_sent < toSend ? sending.Payload(_sent).Length : -1, _received < toReceive))
            {
                _slept++;
                own.Wait(() => $"{_sent} of {toSend} sent, {_received} of {toReceive} received; {state()}", otherFailed);
            }

            end.Disarm();
        }
    }
}
