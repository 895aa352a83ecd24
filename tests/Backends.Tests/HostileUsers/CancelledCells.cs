namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>Every public method that returns a task, and the test that cancels it at its awaits. "n.a." says why there is none.</summary>
internal static class CancelledCells
{
    private const string NoToken = "n.a.: takes no token";
    private const string Users = "n.a.: users implement it: CallbackCells";
    private const string Channel = "CancelledCallTests.A_wait_that_is_cancelled_leaves_its_channel_as_it_was";
    private const string Pipe = "CancelledCallTests.A_wait_of_a_pipe_that_is_cancelled_leaves_the_pipe_as_it_was";
    private const string Step = "InterruptedStepTests.A_step_that_is_interrupted_leaves_nothing_behind";
    private const string Before = "GuestEndTests.A_token_that_is_cancelled_before_a_call_keeps_it_from_beginning";
    private const string Offers = "GuestEndTests.Offers_are_asked_for_once_however_many_ask_and_give_up";
    private const string Open = "VmBusDeviceTests.A_cancelled_open_leaves_things_as_they_were";
    private const string OfferWait = "InMemoryMachineTests.An_open_that_is_cancelled_while_it_waits_for_an_offer_leaves_the_machine_as_it_was";

    private const string Served = "n.a.: the bus calls it, and cancels it at each close: StorageChannelTests, NetworkAdapterTests, OwnDevicesTests";
    private const string Sockets = "CancelledSocketTests.A_call_that_is_cancelled_at_any_message_leaves_nothing";
    private const string Accept = "CancelledSocketTests.An_accept_of_a_listener_that_is_cancelled_takes_no_connection";

    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["PipeDevice.ServeAsync"] = "n.a.: the bus calls it: HostileServiceTests",
        ["ScsiController.ServeAsync"] = Served,
        ["ScsiController.AcceptsAsync"] = "HostileDiskTests.An_accept_that_is_given_up_opens_nothing_and_the_next_open_does",
        ["ScsiController.DetachAsync"] = NoToken,
        ["ScsiController.RestoreAsync"] = NoToken,
        ["NetworkAdapter.ServeAsync"] = Served,
        ["BlockFile.ReadAsync"] = NoToken,
        ["BlockFile.WriteAsync"] = NoToken,
        ["BlockFile.FlushAsync"] = NoToken,
        ["BlockFile.UnmapAsync"] = NoToken,
        ["IBlockDevice.ReadAsync"] = NoToken,
        ["IBlockDevice.WriteAsync"] = NoToken,
        ["IBlockDevice.FlushAsync"] = NoToken,
        ["IBlockDevice.UnmapAsync"] = NoToken,
        ["INetworkLink.WaitToSendAsync"] = Users,
        ["INetworkLink.WaitToReceiveAsync"] = Users,
        ["HvSocketGuest.ConnectAsync"] = Sockets,
        ["HvSocketGuest.AcceptAllAsync"] = Sockets,
        ["HvSocketHost.ConnectAsync"] = Sockets,
        ["HvSocketRequest.AcceptAsync"] = Sockets,
        ["HvSocketListener.AcceptAsync"] = Accept,
        ["HvSocketListener.AcceptAllAsync"] = Accept,
        ["HvSocketStream.ReadAsync"] = "HvSocketTests.A_read_that_waits_ends_with_a_dispose_and_with_a_token",
        ["HvSocketStream.WriteAsync"] = "HostileSocketTests.A_write_that_waits_for_room_ends_with_a_dispose_a_token_and_its_time",
        ["HvSocketStream.FlushAsync"] = "n.a.: waits for nothing",
        ["IntegrationDevice.ServeAsync"] = "n.a.: the bus calls it: HostileServiceTests",
        ["IntegrationDevice.UseAsync"] = "CancelledCallTests.A_use_of_a_component_waits_for_a_guest_and_for_an_answer_until_its_token_says_so",
        ["IChannelDevice.AcceptsAsync"] = Users,
        ["IChannelDevice.ServeAsync"] = Users,
        ["GuestBus.OpenAsync"] = Step,
        ["GuestBus.RetargetAsync"] = Step,
        ["GuestBus.AbandonAsync"] = Before,
        ["GuestBus.RequestOffersAsync"] = Step,
        ["GuestBus.GetOffersAsync"] = Before,
        ["GuestBus.WaitForOfferAsync"] = OfferWait,
        ["GuestBus.WatchOffersAsync"] = OfferWait,
        ["GuestBus.ConnectTransportAsync"] = Step,
        ["GuestBus.PauseAsync"] = Step,
        ["GuestBus.ResumeAsync"] = Before,
        ["GuestBus.MoveMonitorPagesAsync"] = Step,
        ["GuestBus.GetChannelsAsync"] = Before,
        ["GuestBus.SaveAsync"] = Before,
        ["HostBus.GetStatisticsAsync"] = NoToken,
        ["HostBus.OfferAsync"] = NoToken,
        ["HostBus.ResetAsync"] = NoToken,
        ["HostBus.SaveAsync"] = NoToken,
        ["HostBus.CompleteRestoreAsync"] = NoToken,
        ["OfferedChannel.RevokeAsync"] = NoToken,
        ["FileCopyHost.CopyAsync"] = "FileCopyHostTests.A_copy_that_is_cancelled_here_is_given_up_there",
        ["IntegrationGuest.RunAsync"] = "HostileHandlerTests.A_handler_may_cancel_the_run_it_is_called_in",
        ["KvpHost.GetAsync"] = NoToken,
        ["KvpHost.SetAsync"] = NoToken,
        ["KvpHost.DeleteAsync"] = NoToken,
        ["KvpHost.EnumerateAsync"] = NoToken,
        ["KvpHost.GetAddressesAsync"] = NoToken,
        ["KvpHost.SetAddressesAsync"] = NoToken,
        ["ShutdownHost.AskAsync"] = NoToken,
        ["VssHost.CheckHotBackupAsync"] = NoToken,
        ["VssHost.FreezeAsync"] = NoToken,
        ["VssHost.ThawAsync"] = NoToken,
        ["PipeStream.ReadAsync"] = Pipe,
        ["PipeStream.WriteAsync"] = Pipe,
        ["PipeStream.FlushAsync"] = "n.a.: waits for nothing",
        ["PipeStream.CompleteWritingAsync"] = Pipe,
        ["PipeStream.ReadMessageAsync"] = Pipe,
        ["VmBusChannel.CloseAsync"] = Step,
        ["VmBusChannel.ReadAllAsync"] = Channel,
        ["VmBusChannel.RequestAsync"] = Channel,
        ["VmBusChannel.SendAsync"] = Channel,
        ["VmBusChannel.SendCompletionAsync"] = Channel,
        ["VmBusChannel.WaitToReadAsync"] = Channel,
        ["VmBusChannel.WaitToWriteAsync"] = Channel,
        ["VmBusChannel.FlushAsync"] = Channel,
        ["InMemoryMachine.ConnectAsync"] = Before,
        ["InMemoryMachine.RestoreGuestAsync"] = Before,
        ["InMemoryMachine.OpenAsync"] = OfferWait,
        ["InMemoryMachine.SaveHostAsync"] = Before,
        ["SharedGuest.ConnectAsync"] = "SharedPathTests.A_host_that_says_nothing_is_waited_for_until_the_token_says_so",
        ["SharedHost.OfferAsync"] = "SharedPathTests.A_cancelled_wait_ends_and_leaves_nothing",
        ["UtilDaemon.RunAsync"] = "KvpDaemonTests.The_token_and_disposing_end_a_wait_and_close_the_device",
        ["VmBusDevice.OpenAsync"] = Open,
        ["VsockEndPoint.ConnectAsync"] = "VsockEndPointTests.A_connect_that_is_given_up_leaves_no_socket",
        ["HyperVEndPoint.ConnectAsync"] = "HyperVEndPointTests.A_connect_is_cancelled_or_says_that_there_are_no_such_sockets",
        ["VmBusDevice.CloseAsync"] = "CancelledCallTests.A_close_of_a_device_whose_host_does_not_read_goes_on_without_who_gave_up",
    };
}
