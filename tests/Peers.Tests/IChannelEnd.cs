namespace VmBus.Peers.Tests;

/// <summary>One end of a channel: ours, or DPDK's.</summary>
internal interface IChannelEnd
{
    /// <summary>Sends packets from a number on and signals if it must; returns how many there was room for.</summary>
    int Send(Traffic traffic, long from, long end);

    /// <summary>Takes and checks what is there and signals if it must; returns how many.</summary>
    int Receive(Traffic traffic, long from);

    /// <summary>Asks to be signalled, and looks again. Returns whether there is something to do after all.</summary>
    bool Arm(int payloadToSend, bool forPackets);

    /// <summary>No signals, please: this end is awake.</summary>
    void Disarm();
}
